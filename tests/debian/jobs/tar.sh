mkdir -p t/s; for i in $(seq 1 50); do seq 1 $((i * 10)) >t/s/f$i; done; ln t/s/f1 t/hard; ln -s s/f2 t/soft; mkfifo t/fifo; chmod 4711 t/s/f3
tar --sort=name --mtime=@1 --owner=0 --group=0 -cf a.tar t; sha256sum <a.tar; mkdir x; tar -C x -xpf a.tar; diff -r t/s x/t/s && echo same
stat -c %a x/t/s/f3; test x/t/hard -ef x/t/s/f1 && echo hard; tar tf a.tar | wc -l; tar czf a.tgz t; tar tzf a.tgz | sort | head -2
tar cJf a.txz t; tar xJOf a.txz t/s/f2 | tail -1; tar --zstd -cf a.tzst t && tar tf a.tzst | wc -l; tar -df a.tar; echo $?; tar rf a.tar a.tgz; tar tf a.tar | tail -1
