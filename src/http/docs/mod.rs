//! Pages for people: `GET /docs`, its files, and `GET /problems/{code}`. The document that `/docs` renders is made in
//! [`openapi`](super::openapi).

//!
//! | file | contents |
//! |---|---|
//! | `pages` | the routes |
//! | `problem_page` | a problem as a page, of a code and of a refusal |

pub(super) mod pages;
mod problem_page;

pub(crate) use self::pages::{HTML, guard, respond_static};
pub(crate) use self::problem_page::ProblemPage;
