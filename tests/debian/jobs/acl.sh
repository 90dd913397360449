# host: users
# access control lists: setfacl, getfacl, what they grant, who keeps them
w() { "$@" 2>&1; echo "= $?"; }
cd /tmp/job; umask 022; rm -rf t; mkdir t; cd t; chmod 755 .
echo x >f; chmod 640 f; ls -l f | cut -c1-11; setpriv --reuid 1000 --regid 1000 --clear-groups cat f 2>&1
w setfacl -m u:1000:r f; ls -l f | cut -c1-11; getfacl -cn f; setpriv --reuid 1000 --regid 1000 --clear-groups cat f 2>&1; setpriv --reuid 1001 --regid 1001 --clear-groups cat f 2>&1
w setfacl -m g:1001:rw,u:1000:rw f; chmod 600 f; getfacl -cn f; setpriv --reuid 1000 --regid 1000 --clear-groups cat f 2>&1; chmod 660 f; getfacl -cn f; setpriv --reuid 1001 --regid 1001 --clear-groups sh -c 'echo y >>f'; cat f
w setfacl -m m::r f; setpriv --reuid 1001 --regid 1001 --clear-groups sh -c 'echo y >>f' 2>&1; stat -c %a f
w setfacl -x u:1000 f; getfacl -cn f; w setfacl -b f; getfacl -cn f; ls -l f | cut -c1-11
mkdir d; w setfacl -d -m u:1000:rwx,g::rx,o::- d; getfacl -cn d; umask 077; echo >d/f; mkdir d/s; mkfifo d/p; ln -s x d/l; mkdir -m 700 d/s2; cp f d/g; (umask 0; touch d/u); ls -l d | cut -c1-11; getfacl -cn d d/*; stat -c '%a %n' d/*; umask 022
w setfacl -d -m u:1:r f; w setfacl -k d; getfacl -cn d; ln -s f sl; w getfacl -cn sl; w setfacl -m u:1:r /proc/self/status
setpriv --reuid 1000 --regid 1000 --clear-groups setfacl -m u:1:r f 2>&1
cp -p d/f cf; getfacl -cn cf; cp -a d da; (cd da; getfacl -cn . *) | md5sum; (cd d; getfacl -cn . *) | md5sum; tar --acls -cf t.tar d; mkdir x; tar --acls -C x -xpf t.tar; (cd x/d; getfacl -cn . *) | md5sum; rsync -aA d/ dr/; (cd dr; getfacl -cn . *) | md5sum; mv cf mf; getfacl -cn mf
getfattr -dm- d/f; getfattr -dm- -e hex d/s; setfattr -n system.posix_acl_access -v 0x02000000 d/f; getfattr -dm- d/f; setfattr -n system.posix_acl_access -v 0x0300000001000600ffffffff d/g 2>&1; setfattr -n system.posix_acl_access -v 0x0200000001000600ffffffff d/g 2>&1;  setfattr -n system.posix_acl_access -v 0x020000000100060 d/g 2>&1; setfattr -n system.posix_acl_access -v 0x02000000010006 d/g 2>&1; setfattr -x system.posix_acl_access f 2>&1; setfattr -x system.posix_acl_default f 2>&1; setfattr -x system.posix_acl_default d/s 2>&1; getfattr -n system.posix_acl_default d/s 2>&1; setfattr -n system.other -v x f 2>&1
python3 - <<'P'
import os,socket
os.umask(0); fd=os.open('d/s',os.O_TMPFILE|os.O_RDWR,0o666); print(oct(os.fstat(fd).st_mode)); print(os.listxattr(fd)); os.mknod('d/nod',0o666|0o010000)
print(os.listxattr('d/nod')); s=socket.socket(socket.AF_UNIX); s.bind('d/sock'); print(os.listxattr('d/sock'), oct(os.stat('d/sock').st_mode))
P
chmod 2770 f; chown 0:1000 f; setpriv --reuid 1000 --regid 1001 --clear-groups true
