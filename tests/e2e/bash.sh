#!/bin/sh
# bash-static runs a script with arrays, here-documents, traps, pipelines and
# more in the guest as it does on the host (bash.script).
# TEST-TIMEOUT: 90
. "${0%/*}/../tap.sh"
exec </dev/null

bash=$(command -v bash-static) || skip_all 'the host has no bash-static'
# the tools around it are busybox's on both sides
busybox=$(command -v busybox) || skip_all 'the host has no busybox to compare with'
mkdir "$tmp/bin"
"$busybox" --list | while read -r name; do
	ln -sf "$busybox" "$tmp/bin/$name"
done
ln -s "$bash" "$tmp/bin/bash"

script=$(cd "${0%/*}" && pwd)/bash.script
env --default-signal -i PATH="$tmp/bin" HOME=/ TERM=linux TMPDIR="$tmp" "$bash" "$script" \
	>"$tmp/want" 2>"$tmp/want.err"
want=$?
lodger_run --timeout 80s --root "$TESTROOT" -- /bin/sh -c \
	'cat >/tmp/script; exec bash /tmp/script' <"$script" >"$tmp/got" 2>"$tmp/got.err"
is 'the status of the script' $? $want

# A test for each section.
for section in $(sed -n 's/^section //p' "$script" | tr ' ' _); do
	for side in want got; do
		awk -v name="--- $(echo "$section" | tr _ ' ')" \
			'$0 == name { on = 1; next } /^--- / { on = 0 } on' \
			"$tmp/$side" >"$tmp/$side.part"
	done
	check "$section" diff "$tmp/want.part" "$tmp/got.part"
done
is 'nothing more on stderr than on the host' \
	"$(grep -vc '^bash: \|^/.*: line' "$tmp/got.err")" \
	"$(grep -vc '^bash: \|^/.*: line' "$tmp/want.err")"

done_testing
