-- no-transaction
-- The rows whose title is to be folded yet: none, once the background is done. Made beside the writers of a big table.
create index concurrently if not exists videos_unfolded on videos (id)
    where title is not null and (title_folded_of is null or title_folded_of <> title);
