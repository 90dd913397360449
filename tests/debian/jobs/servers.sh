# host: users
# memcached, lighttpd, haproxy before it: threads, epoll, privileges given up
memcached -u nobody -l 127.0.0.1 -p 11211 & p=$!; until nc -z 127.0.0.1 11211; do sleep .05; done; printf 'set a 0 0 3\r\nfoo\r\nget a\r\nincr b 1\r\nquit\r\n' | nc -N 127.0.0.1 11211; kill $p; wait $p; echo "memcached $?"
cat >l.conf <<'C'
server.document-root = "/usr/share"
server.port = 8080
server.bind = "127.0.0.1"
C
lighttpd -D -f l.conf 2>l.err & p=$!; until nc -z 127.0.0.1 8080; do sleep .05; done; curl -s http://127.0.0.1:8080/common-licenses/BSD | md5sum; curl -sI http://127.0.0.1:8080/common-licenses/BSD | head -1; curl -s -r 0-9 http://127.0.0.1:8080/common-licenses/BSD | od -c | head -2
cat >h.cfg <<'C'
global
 maxconn 100
 nbthread 2
defaults
 mode http
 timeout client 30s
 timeout server 30s
 timeout connect 30s
frontend f
 bind 127.0.0.1:8081
 default_backend b
backend b
 server s 127.0.0.1:8080
C
haproxy -f h.cfg -db 2>h.err & q=$!; until nc -z 127.0.0.1 8081; do sleep .05; done; for i in 1 2 3; do curl -s http://127.0.0.1:8081/common-licenses/BSD | md5sum; done; kill $q $p; wait $q; echo "haproxy $?"; wait $p; cut -d')' -f2 l.err | sed 's/(.*//; s/ by UID.*//'
