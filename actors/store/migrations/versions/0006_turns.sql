-- Whose turn it is to read a site, and how fast.
SELECT;
