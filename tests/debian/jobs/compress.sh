seq 1 200000 >data; for c in gzip bzip2 xz zstd; do $c -k -q data; done; gzip -l data.gz | awk 'NR==2 {print $2}'
gzip -dc data.gz | cmp - data && echo gz; bzip2 -dc data.bz2 | cmp - data && echo bz2; xz -dc data.xz | cmp - data && echo xz; zstd -qdc data.zst | cmp - data && echo zst
sha256sum <data.xz; sha256sum <data.bz2; gzip -n -9 <data | sha256sum; xz -T2 -c data | xz -dc | cmp - data && echo threads; zstd -T2 -qc data | zstd -qdc | cmp - data && echo zthreads
echo garbage | gzip -d; echo $?; xz -t data.xz; echo $?; gzip -t data.gz; echo $?; zcat data.gz | tail -1
