-- The language of a video's sound, as its owner names it.
alter table videos add column language text; -- BCP 47
