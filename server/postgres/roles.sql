-- Makes the roles and the database of a practice. Run it once, as an administrator of PostgreSQL 15 or newer:
--
--   psql -v database=chartkeep -f roles.sql postgres
--
-- chartkeep_owner  owns the tables and brings them up to date (`chartkeep-server database migrate`); nobody serves as it.
-- chartkeep_app    may read and write rows, and no more: no tables of its own, no change to the audit log. It cannot log in.
-- chartkeep        is what a server logs in as; it is in chartkeep_app. Make another one for each further server, if you like.
--
-- Give both logins a password afterwards (\password chartkeep_owner, \password chartkeep), or let pg_hba.conf know them
-- otherwise. Beyond this machine pg_hba.conf should ask for `hostssl` and `scram-sha-256`.

\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name, login)
  FROM (VALUES ('chartkeep_owner', 'LOGIN'), ('chartkeep_app', 'NOLOGIN'), ('chartkeep', 'LOGIN')) AS wanted (name, login)
  WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) \gexec
GRANT chartkeep_app TO chartkeep;

SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C'' LC_CTYPE ''C''', :'database')
  WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO chartkeep_owner, chartkeep_app;

\connect :"database"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS chartkeep AUTHORIZATION chartkeep_owner;
GRANT USAGE ON SCHEMA chartkeep TO chartkeep_app;
