# host: users
# sshd with separated privileges, and ssh, scp and sftp to it
mkdir -p /run/sshd; grep -q ^sshd: /etc/passwd || echo 'sshd:x:110:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd; rm -rf /root/.ssh; mkdir -m 700 /root/.ssh; export HOME=/root
for t in ed25519 ecdsa rsa; do ssh-keygen -q -t $t -N '' -f host_$t -C host; done; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519; ssh-keygen -q -t ed25519 -N 'words' -f locked -C c; ssh-keygen -y -P words -f locked | cut -c1-20; ssh-keygen -y -P wrong -f locked 2>&1 | sed 's/:.*//'
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys; chmod 755 /root 2>/dev/null; chmod 700 /root
printf '%s\n' 'Port 7022' 'ListenAddress 127.0.0.1' 'PermitRootLogin yes' 'UsePAM no' 'PidFile /tmp/job/pid' 'PrintMotd no' 'PrintLastLog no' 'HostKey /tmp/job/host_ed25519' 'HostKey /tmp/job/host_rsa' 'HostKey /tmp/job/host_ecdsa' 'Subsystem sftp /usr/lib/openssh/sftp-server' 'AcceptEnv LC_*' 'PermitTunnel no' >conf
/usr/sbin/sshd -t -f conf && /usr/sbin/sshd -f /tmp/job/conf -E /tmp/job/log; until [ -s pid ]; do sleep .05; done
o="-p 7022 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/tmp/job/known -o LogLevel=ERROR"; s="ssh $o root@127.0.0.1"
$s 'echo in; pwd; exit 5'; echo "status $?"; seq 1 100000 | $s 'sort -n | sha256sum'; $s 'cat /tmp/job/conf; echo err >&2' 2>&1 | tail -2; $s 'kill -9 $$'; echo "killed $?"; $s -tt 'tty | sed s/[0-9]*$//; stty size; test -t 0 && echo terminal' </dev/null | tr -d '\r'
cat >f <<<copied; scp -q ${o/-p/-P} f root@127.0.0.1:/tmp/job/g; cat g; scp -q -O ${o/-p/-P} root@127.0.0.1:g h 2>&1 | sed 's/.*: //'; mkdir d; seq 1 9999 >d/big; scp -qr ${o/-p/-P} d root@127.0.0.1:/tmp/job/e; cmp d/big e/big && echo tree
printf 'cd /tmp/job\nput d/big up\nls -1 up\nget up down\nmkdir sub\nrename up sub/up\nchmod 600 sub/up\nls -1 sub\nrm sub/up\nrmdir sub\n' >batch; sftp -q ${o/-p/-P} -b batch root@127.0.0.1 | grep -v Fetching; cmp d/big down && echo sftp
$s -N -L 7023:127.0.0.1:7024 -R 7025:127.0.0.1:7024 & f=$!; (for i in 1 2; do echo "service $i" | nc -l -N 127.0.0.1 7024; done) & until nc -z 127.0.0.1 7025 2>/dev/null; do sleep .1; done; kill $f; wait $f 2>/dev/null
$s -M -S /tmp/job/ctl -fN; for i in 1 2 3; do ssh -S /tmp/job/ctl x "echo shared $i"; done; ssh -S /tmp/job/ctl -O check x 2>&1 | sed 's/=.*//'; ssh -S /tmp/job/ctl -O exit x 2>&1
eval "$(ssh-agent -s)" >/dev/null; ssh-add -q /root/.ssh/id_ed25519; ssh-add -l | wc -l; mv /root/.ssh/id_ed25519 /tmp/job/away; $s -A 'echo by the agent; ssh-add -l | wc -l'; ssh-agent -k >/dev/null; $s -o BatchMode=yes true 2>&1 | sed 's/.*: //'; rsync --version | head -1 | cut -c1-5
mv /tmp/job/away /root/.ssh/id_ed25519; rsync -a -e "ssh $o" d/ root@127.0.0.1:/tmp/job/synced/; diff -r d synced && echo rsync; git init -q r; cd r; git -c user.name=n -c user.email=e commit -q --allow-empty -m over; GIT_SSH_COMMAND="ssh $o" git clone -q root@127.0.0.1:/tmp/job/r ../c; git -C ../c log --format=%s; cd ..
ssh-keyscan -p 7022 127.0.0.1 2>/dev/null | awk '{print $2}' | sort; kill "$(cat pid)"; while [ -e pid ]; do sleep .05; done; $s true 2>&1 | sed 's/.*: //'
