cli() { redis-cli -p 7001 "$@"; }
start() {
	redis-server --port 7001 --save '' --appendonly yes --dir /tmp/job --daemonize yes --logfile /tmp/job/log >/dev/null
	until cli ping 2>/dev/null | grep -q PONG; do sleep .05; done
}
start
cli set a 1; cli incr a; cli rpush l x y z; cli lrange l 0 -1; cli zadd z 2 two 1 one; cli zrange z 0 -1 withscores; cli hset h f v g w; cli hgetall h
printf 'multi\nset k v\nincr a\nexec\n' | cli; cli eval 'local s = 0 for i = 1, tonumber(ARGV[1]) do s = s + i end return {s, redis.call("get", KEYS[1])}' 1 a 1000
for i in {1..2000}; do echo "set key:$i value-$i"; done | cli --pipe | tail -1; cli dbsize; cli get key:1999; cli --scan --pattern 'key:19*' | wc -l
cli expire a 100; cli ttl a | sed 's/9[0-9]/100/'; cli setex gone 1 x; cli blpop nothing 1; cli get gone; cli incr l
cli subscribe chan >sub & p=$!; until cli publish chan hello | grep -q 1; do sleep .05; done; until grep -q hello sub; do sleep .05; done; kill $p; wait $p; cat sub
redis-benchmark -p 7001 -q -n 2000 -c 20 -t ping,set,get,lpush 2>&1 | tr '\r' '\n' | grep -c 'requests per second'; redis-benchmark -p 7001 -q -n 4000 -P 16 -t get | tr '\r' '\n' | grep -c 'requests per second'
cli save; cli bgrewriteaof; while cli info persistence | grep -q aof_rewrite_in_progress:1; do sleep .05; done; cli debug digest-value key:1 | wc -l; cli config set port 0; redis-cli -p 7001 ping 2>&1
kill "$(pgrep -x redis-server)"; while pgrep -x redis-server >/dev/null; do sleep .05; done
start; cli dbsize; cli get key:7; cli client list | wc -l; cli shutdown nosave; ls -A | sort; grep -c 'Ready to accept' log
