seq 1 2000 | sort -R --random-source=/bin/ls | sort -n | md5sum
seq 1 100 | split -l 30 - part.; wc -l part.*
mkdir -p d/e/f; echo x >d/e/f/g; cp -a d h; ln -s d/e s; ls -lR --time-style=+ h | sed 's/ *[0-9]* root/ root/'
stat -c '%A %F %s' d/e/f/g s; readlink -f s/f/g; realpath --relative-to=d h/e
dd if=/dev/zero bs=1k count=100 2>/dev/null | sha256sum | cut -c1-16
touch -d '2001-02-03 04:05:06 UTC' t; date -u -r t +%s; TZ=UTC date -d @1000000000
echo 'b 2
a 1' | sort | join - <(echo 'a z') 2>/dev/null || echo 'a 1' >j1; echo 'a z' >j2; join j1 j2
printf 'a\tb\n' | expand | od -c; echo hello | base64 | base32 | tr a-z A-Z
df --output=target / | tail -1; du -s --apparent-size d | cut -f1; head -c 20 /dev/urandom | wc -c
id; whoami; nproc; uname -s; tty; factor 1234567890123; expr 3 \* 4; basename /a/b.c .c
mkfifo p; (echo through >p) & cat p; wait; truncate -s 1M big; shred -u big; ls
timeout 0.2 sleep 5; echo $?; echo $(($(nice -n 5 nice) - $(nice))); env -i A=1 env; yes | head -3; tac part.ad | head -1
mktemp -d /tmp/xxx.XXXX | wc -c; install -m 751 t u; stat -c %a u;
stdbuf -oL echo unbuffered; numfmt --to=iec 1234567; cksum t; sum j1; paste j1 j2; comm j1 j2; fold -w 3 j1
