//! System calls that a transcoder never needs, refused with `EPERM`.
//!
//! Why a list of refused calls and not of allowed ones: ffmpeg and the thirty libraries that it loads differ from one
//! distribution to the next. A call that is missing from a list of allowed ones would break good files.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// Refused whatever the arguments are.
const REFUSED: &[libc::c_long] = &[
    // The network, and sockets of this machine. No socket is inherited, so the calls on sockets need no entry.
    libc::SYS_socket,
    libc::SYS_socketpair,
    // Other processes: their memory, their files, their end.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    // Parts of the kernel with many faults in their past.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_fanotify_init,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // Namespaces and mounts.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

/// Flags of `clone` that make a namespace.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Requests of `ioctl` that type into a terminal.
const TERMINAL_REQUESTS: [libc::c_ulong; 2] = [libc::TIOCSTI as _, libc::TIOCLINUX as _];

/// Rules by number of the system call; an empty list refuses the call whatever its arguments are.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Returns the filters of this process, `own_pid`, in the order in which they are installed.
///
/// # Errors
/// One line: the library knows no filter for this kind of processor.
pub(super) fn build_filters(own_pid: u64) -> Result<[BpfProgram; 2], String> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
    let refused = build_rules(own_pid).map_err(|error| error.to_string())?;
    // Why: the flags of `clone3` lie in memory, where a filter cannot look. With `ENOSYS` the C library falls back to
    // `clone`; `EPERM` would be an error, and no thread would start.
    let missing = Rules::from([(libc::SYS_clone3, Vec::new())]);
    let compile = |rules, errno: libc::c_int| {
        let action = SeccompAction::Errno(errno.unsigned_abs());
        SeccompFilter::new(rules, SeccompAction::Allow, action, architecture)
            .and_then(BpfProgram::try_from)
            .map_err(|error| error.to_string())
    };
    Ok([compile(missing, libc::ENOSYS)?, compile(refused, libc::EPERM)?])
}

/// Returns the calls of [`REFUSED`] and those that are refused under conditions only.
fn build_rules(own_pid: u64) -> Result<Rules, BackendError> {
    let mut rules: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let making_namespaces = NAMESPACES.map(|flag| {
        let flag = u64::from(flag.unsigned_abs());
        build_rule(&[(0, SeccompCmpOp::MaskedEq(flag), flag)])
    });
    rules.insert(
        libc::SYS_clone,
        making_namespaces.into_iter().collect::<Result<_, _>>()?,
    );
    let typing = TERMINAL_REQUESTS.map(|request| build_rule(&[(1, SeccompCmpOp::Eq, request)]));
    rules.insert(libc::SYS_ioctl, typing.into_iter().collect::<Result<_, _>>()?);
    // `abort` signals itself; a process looks at its own limits and priority, and raises none.
    let another = |more: &[(u8, SeccompCmpOp, u64)]| {
        let other = (0, SeccompCmpOp::Ne, own_pid);
        build_rule(&[&[other], more].concat())
    };
    let not_zero = (0, SeccompCmpOp::Ne, 0);
    rules.insert(libc::SYS_tgkill, vec![another(&[])?]);
    rules.insert(libc::SYS_prlimit64, vec![another(&[not_zero])?]);
    // Why: x86-64 kernels may offer a second table of calls, x32, under numbers of its own, beside the first.
    if cfg!(target_arch = "x86_64") {
        let again: Vec<i64> = rules.keys().copied().chain(512..=547).collect();
        rules.extend(again.into_iter().map(|call| (call | 0x4000_0000, Vec::new())));
    }
    Ok(rules)
}

/// Returns a rule over arguments of a call: (index, comparison, value), all of which must hold.
fn build_rule(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, BackendError> {
    let conditions = conditions.iter().map(|(argument, operator, value)| {
        SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, operator.clone(), *value)
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}
