# run: bash
# arrays, here documents, process substitution, arithmetic, traps, coproc
set -u
a=(one two three); declare -A m=([x]=1 [y]=2)
echo "${a[@]:1} ${#a[@]} ${m[x]}${m[y]} $((0x10 ** 2 % 7))"
diff <(seq 1 5) <(seq 1 2 5); echo "diff $?"
cat <<EOF
here $((6 * 7))
EOF
trap 'echo trapped' USR1; kill -USR1 $BASHPID
coproc cat; echo coprocess >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
exec {COPROC[1]}>&-; wait
printf '%q %05.2f %(%Y)T\n' 'a b' 3.14159 0
(trap 'echo bye' EXIT; exit 3); echo $?
for i in {1..3}; do (sleep 0.0$i; echo "job $i") & wait $!; done
[[ abc =~ ^a(.)c$ ]] && echo "${BASH_REMATCH[1]}"
ulimit -n 100; ulimit -n
mapfile -t lines < <(printf '%s\n' x y z); echo "${#lines[@]}"
