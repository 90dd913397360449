sqlite3 t.db <<'S'
pragma journal_mode=wal;
create table t(a integer primary key, b text);
with recursive c(x) as (select 1 union all select x+1 from c where x<20000) insert into t select x, 'row '||x from c;
create index i on t(b); select count(*), sum(a), max(b) from t; explain query plan select * from t where b='row 7';
begin; delete from t where a%2; rollback; select count(*) from t; vacuum; pragma integrity_check;
S
sqlite3 t.db .schema; sqlite3 -csv t.db 'select * from t limit 2'; ls; sqlite3 t.db 'select * from nope'; echo $?; sqlite3 t.db .dump | sha256sum
