cat >configure.ac <<'A'
AC_INIT([x],[1]) AM_INIT_AUTOMAKE([foreign]) AC_PROG_CC AC_CHECK_HEADERS([unistd.h sys/epoll.h nope.h]) AC_CHECK_FUNCS([fork nopefn]) AC_CHECK_SIZEOF([long]) AC_CONFIG_FILES([Makefile]) AC_OUTPUT
A
printf 'bin_PROGRAMS = x\nx_SOURCES = x.c\n' >Makefile.am; echo '#include <stdio.h>
int main(void) { puts("built"); return 0; }' >x.c; sed -i 's/) AM_/)\nAM_/;s/) AC_/)\nAC_/g' configure.ac; autoreconf -i 2>/dev/null; echo $?; ./configure | grep -E 'nope|fork|sizeof|unistd'; make -s 2>&1 | grep -v warning; ./x; make -s distcheck >/dev/null 2>&1; echo $?
