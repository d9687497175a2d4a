-- What lists are searched by, and when a video is to be deleted. All null in older rows.
alter table videos add column title_folded text; -- the title without differences of case, made by the program
alter table videos add column title_folded_of text; -- the title that it was made of: another one than `title` where a release wrote that does not know of it
alter table videos add column delete_at timestamptz; -- from then on the video plays no more, and is deleted; null: never
