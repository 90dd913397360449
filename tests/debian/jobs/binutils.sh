echo 'int f(int a) { return a + 1; } int g;' >a.c; gcc -O1 -c a.c; nm a.o; objdump -d a.o | tail -4; size a.o; readelf -hS a.o | grep -E 'Class|Number|text'
ar rcsD liba.a a.o; ar t liba.a; ranlib liba.a; strip -o b.o a.o; nm b.o; objcopy -O binary -j .text a.o t.bin; od -An -tx1 t.bin; strings -n 8 /bin/true | head -2; addr2line --version | head -1 | cut -c1-3; ld -r -o r.o a.o && readelf -h r.o | grep Type; as --version | head -1
readelf -d /bin/ls | grep NEEDED; c++filt _ZNSt6vectorIiE; ldd /bin/true | sed 's/(.*)//' | grep -v vdso
