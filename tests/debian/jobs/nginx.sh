# host: users
# nginx with its workers; curl and wrk over the loopback
mkdir -p www/dir logs /var/lib/nginx /var/log/nginx; echo index >www/index.html; seq 1 200000 >www/big; echo one >www/dir/f; chmod -R a+rX . /tmp/job
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -subj /CN=localhost -days 1 2>/dev/null
cat >conf <<'C'
worker_processes 2; pid /tmp/job/pid; error_log /tmp/job/logs/error;
events { worker_connections 200; }
http { access_log /tmp/job/logs/access; include /etc/nginx/mime.types; sendfile on; gzip on; gzip_types text/plain application/octet-stream; server_tokens off;
	upstream back { server unix:/tmp/job/sock; keepalive 4; }
	server { listen 127.0.0.1:7002; listen [::1]:7002; listen 127.0.0.1:7003 ssl; ssl_certificate cert; ssl_certificate_key key; root /tmp/job/www;
		location /dir/ { autoindex on; autoindex_exact_size on; } location /moved { return 301 /index.html; } location /denied { deny all; }
		location /back/ { proxy_pass http://back/; proxy_http_version 1.1; proxy_set_header Connection ""; } }
	server { listen unix:/tmp/job/sock; location / { return 200 "from behind $uri\n"; } } }
C
nginx -c /tmp/job/conf -p /tmp/job/ || cat logs/error
u=http://127.0.0.1:7002; curl -s $u/; curl -s 'http://[::1]:7002/'; curl -sI $u/ | grep -E 'HTTP|Server|Content-L|Accept'; curl -s $u/big | sha256sum; curl -s --compressed $u/big | sha256sum; curl -s -r 100-131 $u/big; curl -s -o /dev/null -w '%{http_code} %{size_download}\n' $u/none
curl -s -X POST -d x=y $u/ | grep title; curl -sL -w '%{num_redirects} %{url_effective}\n' $u/moved; curl -s $u/denied | grep title; curl -s $u/dir/ | grep -c '"f"'; curl -s $u/back/a/b $u/back/c
curl -sk https://localhost:7003/; curl -s --cacert cert --resolve localhost:7003:127.0.0.1 https://localhost:7003/dir/f; curl -s https://localhost:7003/; echo "unverified $?"; curl -s --unix-socket sock http://x/y
curl -s --connect-timeout 5 http://127.0.0.1:7009/; echo "refused $?"; curl -Z --no-progress-meter --parallel-max 8 $(for i in {1..20}; do echo "-o out$i $u/big"; done); cat out* | sha256sum; curl -s --limit-rate 2M $u/big | wc -c
curl -s -T conf file:///tmp/job/put; cmp conf put && echo put; curl -s file:///tmp/job/www/index.html
wrk -t2 -c20 -d1s $u/ | grep -cE 'Requests/sec|Socket errors'; wrk -t1 -c4 -d1s $u/big | grep -cE 'Requests/sec|Socket errors'
kill -HUP "$(cat pid)"; sleep .2; curl -s $u/
kill -USR1 "$(cat pid)"; sleep .2; curl -s $u/; kill -QUIT "$(cat pid)"; while [ -e pid ]; do sleep .05; done; curl -s $u/; echo "gone $?"; awk '{print $9}' logs/access | sort -u; grep -c . logs/error | sed 's/^[1-9].*/some/'; pgrep -x nginx | wc -l
