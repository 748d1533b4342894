-- What people are to hear of, until they have.
SELECT;
