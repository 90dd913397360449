mkdir -p a/b/c; for i in 1 2 3; do echo $i >a/b/f$i; done; chmod 600 a/b/f2; ln a/b/f1 a/c
find a -type f -perm 600 -printf '%p %s %n\n'; find a | sort; find a -name 'f*' -print0 | sort -z | xargs -0 -n1 -P2 cat | sort
touch -d 2001-01-01 a/b/f1; find a -newer a/b/f1 | wc -l; find a -samefile a/c | sort; find . -empty; find a -delete; ls -A
seq 1 3000 | xargs echo | wc -l; seq 5 | xargs -I{} echo "<{}>"; find /usr/lib/python3.11 -name '*.py' | wc -l
