#!/bin/sh
# A walk through the applets of Debian's busybox: what the guest's do is what
# the host's do, or the table says what is missing (applets.table).
# TEST-TIMEOUT: 120
. "${0%/*}/../tap.sh"
exec </dev/null
table=${0%/*}/applets.table

busybox=$(command -v busybox) || skip_all 'the host has no busybox to compare with'
lodger_run -- busybox --list >"$tmp/guest-list"
"$busybox" --list >"$tmp/host-list"
if cmp -s "$tmp/guest-list" "$tmp/host-list"; then
	pass "the guest's busybox is the host's"
else
	skip "the guest's busybox is the host's" 'another build: only its own applets count'
fi

# row NAME: its line of the table without the name
row()
{
	awk -v name="$1 | " 'index($0, name) == 1 { print substr($0, length(name) + 1) }' \
		"$table"
}

# One script for both sides: a command at a time, in a directory made afresh.
{
	cat <<'S'
S=${TMPDIR:-/tmp}/walk
rm -rf $S
mkdir $S
export LC_ALL=C TZ=UTC TMPDIR=$S
umask 022
try()
{
	mkdir $S/w; cd $S/w || exit 1
	printf 'one\ntwo\nthree\n' >a; printf 'one\n2\nthree\nfour\n' >b
	seq 20 >n; printf '\0\1\2\377text of six\n' >bin; mkdir d; echo x >d/x
	chmod 644 a b n bin
	echo "=== $1"
	(eval "$2") 2>&1 </dev/null
	echo "status=$?"
	cd $S; rm -rf w
}
S
	grep -v '^#' "$table" | while IFS= read -r line; do
		name=${line%% | *}
		rest=${line#* | }
		verdict=${rest%% | *}
		command=${rest#* | }
		[ "$verdict" != - ] || continue
		printf "try '%s' '%s'\n" "$name" \
			"$(printf '%s' "$command" | sed "s/'/'\\\\''/g")"
	done
} >"$tmp/script"

mkdir "$tmp/bin" "$tmp/tree"
"$busybox" --list | while read -r name; do
	ln -s "$busybox" "$tmp/bin/$name"
done
PATH=$tmp/bin TMPDIR=$tmp "$busybox" sh "$tmp/script" >"$tmp/host.out" 2>&1
lodger_run --timeout 100s -- sh -c 'cat >/tmp/script; exec sh /tmp/script' \
	<"$tmp/script" >"$tmp/guest.out" 2>"$tmp/guest.err"

# answer FILE NAME: what was printed between its line and the next
answer()
{
	awk -v name="=== $2" '$0 == name { on = 1; next } /^=== / { on = 0 } on' "$1"
}

while read -r name <&3; do
	rest=$(row "$name")
	verdict=${rest%% | *}
	command=${rest#* | }
	case $verdict in
	'') fail "$name" <<-E
		no line in applets.table
	E
	;;
	-) skip "$name" "missing: $command" ;;
	same)
		answer "$tmp/host.out" "$name" >"$tmp/want"
		answer "$tmp/guest.out" "$name" >"$tmp/got"
		check "$name" diff "$tmp/want" "$tmp/got"
		;;
	*)
		matches "$name" "$(answer "$tmp/guest.out" "$name")" "$verdict"
		;;
	esac
done 3<"$tmp/guest-list"

done_testing
