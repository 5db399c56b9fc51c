-- Where the source of the weather takes a location to be: a country (ISO 3166; '': it does not say), and degrees.
ALTER TABLE weather ADD COLUMN country TEXT NOT NULL DEFAULT '' CHECK (length(country) IN (0, 2));

ALTER TABLE weather ADD COLUMN latitude REAL CHECK (latitude BETWEEN -90 AND 90);

ALTER TABLE weather ADD COLUMN longitude REAL CHECK (longitude BETWEEN -180 AND 180);

-- "elche,es" and "elche ,es" are one location with "elche, es" from now on.
UPDATE OR REPLACE weather
SET place = rtrim(substr(place, 1, length(place) - 3)) || ', ' || substr(place, -2) WHERE place GLOB '*,[a-z][a-z]';

UPDATE OR REPLACE weather
SET place = rtrim(substr(place, 1, length(place) - 4)) || ', ' || substr(place, -2) WHERE place GLOB '* , [a-z][a-z]';
