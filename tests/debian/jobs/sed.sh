seq 1 20 | sed -n '2~3p;$='; echo 'hello world' | sed -E 's/(\w+) (\w+)/\2 \1/;y/lo/01/'
printf 'a\nb\nc\n' >f; sed -i.bak '2d' f; cat f f.bak; sed -s -n '$p' f f.bak; sed '1!G;h;$!d' f.bak
sed -n '/a/,/b/{p;w out
}' f.bak; cat out; sed 's/x/y' f; echo $?
