//! Pages for people: `GET /docs`, its files, and `GET /problems/{code}`. The document that `/docs` renders is made in
//! [`openapi`](super::openapi).

pub(super) mod pages;

pub(crate) use self::pages::respond_static;
