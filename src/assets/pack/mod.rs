//! Joins ES modules into few files, without a build step: for modules of one plain form.
//!
//! The form: imports come first, each as `import { a, b } from './x.js';`. Exports are declarations that begin a line:
//! `export function`, `export async function`, `export class`, `export const`. No defaults, no renaming, no circles, no
//! top-level `await`. `import('./x.js')` with a literal path makes `x.js` an entry: a file of its own.
//!
//! 1. Each module becomes a function that is called once and returns its exports: `const $x = (() => { … })();`.
//! 2. A module that the main entry imports, at whatever depth, is part of the main file.
//! 3. Any other module is part of the file of the one entry that imports it; if several do, of `shared.js`.
//! 4. A file imports the modules of other files by their names with the `$`.
//! 5. Lines that are comments are left out.

mod packer;
mod parse;

pub use self::packer::{pack_modules, pack_styles};
pub use self::parse::{Module, PackError};
