sleep 100 & p=$!
ps -o pid= -p $p | wc -l; ps -o comm=,args= -p $p; ps -o stat= -p $p | tr -d 'N<'; pgrep -x sleep | wc -l; pidof sleep | wc -w
pkill -x sleep; wait $p; echo $?; free | awk 'NR==2 {print ($2 > 0)}'; uptime | grep -c load; vmstat | wc -l
ps aux | awk "NR==1 {print \$1, \$2, \$11}"; top -b -n1 | head -1 | grep -c top; w -h | wc -l; cat /proc/self/comm; sysctl -n kernel.ostype
pmap $$ | tail -1 | awk '{print $1}'; watch --version | cut -c1-5; ps -e -o pid,ppid,pgid,sid,tty,time,cmd | wc -l | awk '{print ($1>1)}'
tload --version | cut -c1-5; slabtop --version | cut -c1-7; kill -l 15; pwdx $$ | cut -d: -f2
