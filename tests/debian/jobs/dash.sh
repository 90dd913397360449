i=0; while [ $i -lt 100 ]; do i=$((i + 1)); done; echo $i
set -- a 'b c' d; for x; do echo "<$x>"; done
x=$(echo sub; exit 4); echo "$x $?"
sh -c "kill -TERM \$\$"; echo "killed $?"
