-- no-transaction
create unique index concurrently if not exists videos_reference on videos (reference) where reference is not null;
