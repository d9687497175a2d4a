//! The resource limits of a tool, as an argument of the command line.

use std::{fmt, str::FromStr};

use rustix::process::Resource;

/// Resources and their names, which are those of `prlimit`(1).
const RESOURCES: [(&str, Resource); 7] = [
    ("as", Resource::As),
    ("data", Resource::Data),
    ("cpu", Resource::Cpu),
    ("fsize", Resource::Fsize),
    ("nproc", Resource::Nproc),
    ("nofile", Resource::Nofile),
    ("core", Resource::Core),
];

/// Limits in the order of `RESOURCES`: bytes, seconds or numbers. Written as `as=1,data=2,…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds([u64; RESOURCES.len()]);

impl Bounds {
    /// Makes the limits from address space and private memory in bytes, CPU time in seconds over all threads, and the
    /// largest file in bytes. The numbers of processes and open files are fixed, and no core is dumped.
    pub(crate) fn new(address_space: u64, data: u64, cpu_s: u64, file: u64) -> Self {
        // Why so many processes: all threads and processes of this user count. The limit only stops what multiplies
        // without end.
        let (processes, open_files, core) = (16_384, 512, 0);
        Self([address_space, data, cpu_s, file, processes, open_files, core])
    }

    /// Sets the limits for this process. A lower hard limit stays; the soft limit is set anew.
    #[cfg(target_os = "linux")]
    pub(super) fn apply(self) -> rustix::io::Result<()> {
        use rustix::process::{Rlimit, getrlimit, setrlimit};
        for ((_, resource), wanted) in RESOURCES.into_iter().zip(self.0) {
            let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            // Why: at the hard limit of CPU time the kernel sends SIGKILL, at the soft one SIGXCPU. A tool gets some
            // seconds to end by itself.
            let grace = if resource == Resource::Cpu { 5 } else { 0 };
            let limit = Rlimit {
                current: Some(wanted.min(most)),
                maximum: Some(wanted.saturating_add(grace).min(most)),
            };
            setrlimit(resource, limit)?;
        }
        Ok(())
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, ((name, _), limit)) in RESOURCES.iter().zip(self.0).enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{name}={limit}")?;
        }
        Ok(())
    }
}

impl FromStr for Bounds {
    type Err = String;

    /// Takes all limits in the order that [`fmt::Display`] writes; a missing one is an error.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut bounds = [0; RESOURCES.len()];
        let mut parts = text.split(',');
        for (bound, (name, _)) in bounds.iter_mut().zip(RESOURCES) {
            let part = parts
                .next()
                .and_then(|part| part.strip_prefix(name)?.strip_prefix('='));
            *bound = part
                .and_then(|number| number.parse().ok())
                .ok_or_else(|| format!("{name}= and a number is missing"))?;
        }
        match parts.next() {
            None => Ok(Self(bounds)),
            Some(more) => Err(format!("{more} is no limit")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bounds;

    #[test]
    fn limits_survive_the_command_line() {
        let bounds = Bounds::new(6 << 30, 1 << 30, 60, 0);
        assert_eq!(bounds.to_string().parse(), Ok(bounds));
        for wrong in ["", "as=1", "as=1,data=x,cpu=1,fsize=1,nproc=1,nofile=1,core=0"] {
            assert!(wrong.parse::<Bounds>().is_err(), "{wrong}");
        }
        assert!(format!("{bounds},stack=1").parse::<Bounds>().is_err());
    }
}
