create unique index videos_reference on videos (reference) where reference is not null;
