# host: users
# setuid programs, PAM, passwords; who may do what
echo 'root:secret' | chpasswd; echo $?; useradd -m -s /bin/bash other; id other; echo 'other:words' | chpasswd; passwd -S other | cut -d' ' -f1,2; groupadd -g 3000 crew; usermod -aG crew other; id -nG other; chage -l other | tail -1
su other -c 'id; pwd; echo $HOME $USER'; su - other -c 'pwd; umask'; runuser -u other -- id -un; su nobody -s /bin/sh -c 'id -un; cat /etc/shadow' 2>&1; setpriv --reuid other --regid other --init-groups id
runuser -u other -- sh -c 'echo secret | su -c "id -un" root' 2>&1; runuser -u other -- sh -c 'echo wrong | su -c "id -un" root' 2>&1; echo "refused $?"; runuser -u other -- sh -c 'echo words | su -c whoami other' 2>&1
cp /usr/bin/id idset; chown other:crew idset; chmod 6755 idset; ./idset; runuser -u nobody -- ./idset; chmod 644 idset; ./idset 2>&1; echo $?; ls -l /usr/bin/passwd /usr/bin/su | cut -c1-10; cp /usr/bin/su mysu; runuser -u other -- sh -c 'echo secret | ./mysu -c id root' 2>&1 | tail -1
install -d -o other -m 700 private; runuser -u nobody -- ls private 2>&1; runuser -u other -- touch private/f; runuser -u nobody -- rm -f private/f 2>&1; mkdir -m 1777 sticky; runuser -u other -- touch sticky/f; runuser -u nobody -- rm -f sticky/f 2>&1; runuser -u other -- kill -0 1 2>&1 | sed 's/.*: //'; runuser -u other -- nice -n -5 true 2>&1; runuser -u other -- chown nobody sticky/f 2>&1; runuser -u other -- hostname x 2>&1
runuser -u other -- sg crew -c 'id -gn' ; runuser -u other -- newgrp crew </dev/null 2>&1; runuser -u other -- mount -t tmpfs x /mnt 2>&1 | tail -1; userdel -r other 2>&1 | grep -v mail; id other 2>&1; grep -c other /etc/passwd
touch u; chown 1000:1000 u; stat -c %u:%g u; chgrp -R nogroup .; stat -c %G u
