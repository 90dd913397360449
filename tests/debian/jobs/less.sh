seq 1 100 | less | tail -1; less /etc/passwd | head -1; seq 1 5 | more | cat; pager --version | head -1 | cut -d' ' -f1
