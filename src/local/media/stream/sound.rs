//! The filters of a sound that is encoded: in step with the picture, with silence where it has gaps.

use std::fmt::Write as _;

use super::plan::SoundPlan;

/// Samples per second of every encoded sound.
pub(super) const RATE: u32 = 48_000;

/// Returns the filter graph from the sound's `stream`, as ffmpeg maps it, to the label `[a]`. With `length_s` silence fills up to that time;
/// sound alone ends by itself.
///
/// Why parts: the resampler holds the silence that it puts in, so that hours of it would take gigabytes. Each part is
/// filled up to the beginning of the next one as it is read.
pub(super) fn sound_graph(plan: &SoundPlan, stream: &str, length_s: Option<f64>) -> String {
    let layout = if plan.audio.channels == 1 {
        "mono"
    } else {
        "stereo"
    };
    let form = format!("aformat=sample_fmts=fltp:sample_rates={RATE}:channel_layouts={layout}");
    let in_step = "aresample=async=1:first_pts=0";
    if plan.parts.is_empty() {
        let fill = length_s.map_or(String::new(), |end| format!(",apad,atrim=end={end:.6}"));
        return format!("[{stream}]{in_step},{form}{fill}[a]");
    }
    let with_sound = plan.parts.len() - usize::from(plan.begins_silent);
    let mut graph = format!("[{stream}]asplit={with_sound}");
    let first = usize::from(plan.begins_silent);
    for at in first..plan.parts.len() {
        let _ = write!(graph, "[i{at}]");
    }
    for (at, part) in plan.parts.iter().enumerate() {
        let (from, to, length) = (part.from_s, part.to_s, part.length_s());
        let _ = if at < first {
            write!(
                graph,
                ";anullsrc=r={RATE}:cl={layout}:d={length:.6},{form}[o{at}]"
            )
        } else {
            write!(
                graph,
                ";[i{at}]atrim=start={from:.6}:end={to:.6},asetpts=PTS-{from:.6}/TB,{in_step},{form},\
                 apad=whole_dur={length:.6},atrim=end={length:.6}[o{at}]"
            )
        };
    }
    graph.push(';');
    for at in 0..plan.parts.len() {
        let _ = write!(graph, "[o{at}]");
    }
    let _ = write!(graph, "concat=n={}:v=0:a=1[a]", plan.parts.len());
    graph
}
