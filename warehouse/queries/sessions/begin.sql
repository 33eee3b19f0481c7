USE warehouse;
SET TimeZone = 'UTC';
