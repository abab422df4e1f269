set(postgres_srcs database_postgres_none.cc)
set(postgres_libs)
