lscpu >/dev/null; echo "lscpu $?"; hexdump -C /bin/true | head -2; echo abc | rev; col --version | cut -c1-3
flock lockfile sh -c 'flock -n lockfile echo no || echo held'; setsid -w echo session
getopt -o ab: --long c -- -a -b x --c y; mcookie | wc -c; uuidgen -n @dns -N x.org -s
prlimit --nofile=50:60 sh -c 'ulimit -n; ulimit -Hn'; taskset -p $$ | grep -c mask; ionice -p $$; chrt -p $$ | head -1 | sed "s,.*: ,,"
script -qec 'echo in script' /dev/null </dev/null; mount | grep -c ' / '; findmnt -n -o TARGET /; column -t -s: <<EOF
a:bb:c
aaa:b:cc
EOF
namei -m /usr/bin/awk | tail -2; whereis -b sh; cal 2 2000; fallocate -l 1M f; stat -c %s f; rename.ul f g f; ls
unshare --help | head -2 | tail -1; logger --version | cut -d' ' -f1
