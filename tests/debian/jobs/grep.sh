cd /usr/share/perl; grep -rIc 'sub ' --include=*.pm . | awk -F: '{s+=$2} END {print s}'
grep -nE '^use [A-Z][a-z]+;$' */Benchmark.pm | head -3; echo abc | grep -oP '(?<=a)b'; printf 'a\nb\nc\n' | grep -v -A1 a
grep -q nothere /etc/passwd; echo $?; grep -c '' /etc/passwd; zgrep -c x /dev/null; grep x /nonexistent; echo $?
