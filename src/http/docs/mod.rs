//! Pages for people: `GET /docs`, its files, and `GET /problems/{code}`. The document that `/docs` renders is made in
//! [`openapi`](super::openapi).

//!
//! | file | contents |
//! |---|---|
//! | `files` | the page's scripts and styles, packed |
//! | `pages` | the routes |
//! | `problem_page` | a problem as a page, of a code and of a refusal |

mod files;
pub(super) mod pages;
mod problem_page;

pub(crate) use self::pages::{HTML, guard};
pub(crate) use self::problem_page::ProblemPage;
