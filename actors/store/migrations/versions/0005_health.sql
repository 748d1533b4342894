-- What a run has to be held against: which part lists a match.
SELECT;
