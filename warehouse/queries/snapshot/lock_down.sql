-- Order matters: closing the file system comes last but one, because the other settings still look at files.
-- The file system itself is closed because `enable_external_access = false` still lets COPY write beside the database.
USE snapshot;
SET TimeZone = 'UTC';
SET python_enable_replacements = false;
SET enable_external_access = false;
SET disabled_filesystems = 'LocalFileSystem';
SET lock_configuration = true;
