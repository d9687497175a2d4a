//! The filters of one size of the picture: fields, size, colours, and the last frame again where none came.

use std::fmt::Write as _;

use super::{
    super::source::{
        colour::{Colour, Hdr, Matrix},
        probe::{Fields, Video},
    },
    ladder::Rung,
    plan::PicturePlan,
};

/// Brightness of white in a picture of high dynamic range, in candela a square metre. Source: ITU-R BT.2408.
const WHITE_NITS: u32 = 203;
/// Ticks a second, of which few are used.
const TICKS: u32 = 25;
/// Seconds before the end in which every tick is used. Some players show the last frame for as long as the one before it,
/// so two must be close to each other.
const CLOSING_S: f64 = 0.13;
/// Shortest time between two frames, in seconds, where the frames' times are irregular: 62 a second.
const SHORTEST_STEP_S: f64 = 0.016;
/// Codecs whose frames may be interlaced where the stream does not say.
const MAYBE_INTERLACED: &[&str] = &[
    "mpeg2video",
    "dvvideo",
    "vc1",
    "prores",
    "dnxhd",
    "huffyuv",
    "ffvhuff",
    "utvideo",
    "ffv1",
    "rawvideo",
    "v210",
];

/// Returns the filter graph from the picture's stream to the label `[v]`, in the size of `rung`. `can_map_wide` tells
/// that ffmpeg has `zscale`.
pub(super) fn picture_graph(plan: &PicturePlan, rung: &Rung, length_s: f64, can_map_wide: bool) -> String {
    let mut graph = format!("[0:{}]", plan.video.index);
    if is_maybe_interlaced(&plan.video) {
        // Frames that do not say that they are interlaced pass as they are.
        graph.push_str("bwdif=mode=send_frame:parity=auto:deint=interlaced,");
    }
    graph.push_str(&colour_filters(&plan.video.colour, rung, can_map_wide));
    if plan.has_gaps {
        graph.push_str(&repeat_filters(plan, length_s));
    }
    graph.push_str("[v]");
    graph
}

/// Returns true when single frames may be interlaced.
fn is_maybe_interlaced(video: &Video) -> bool {
    match video.fields {
        Fields::Progressive => false,
        Fields::Interlaced => true,
        Fields::Unknown => MAYBE_INTERLACED.contains(&video.codec.as_str()),
    }
}

/// Returns the filters that scale to the rung, with the source's matrix, limited range and square pixels. RGB becomes
/// BT.709; wide colours and high dynamic range are brought down to BT.709.
fn colour_filters(colour: &Colour, rung: &Rung, can_map_wide: bool) -> String {
    let mut filters = format!("scale={}:{}:flags=bicubic", rung.width, rung.height);
    let (matrix, primaries, transfer) = colour.matrix.tags();
    match colour.matrix {
        Matrix::Bt2020 if can_map_wide => filters.push_str(&wide_filters(colour)),
        from => {
            let from = match from {
                Matrix::Bt709 => "bt709",
                Matrix::Bt601Lines525 | Matrix::Bt601Lines625 => "smpte170m",
                Matrix::Bt2020 => "bt2020",
            };
            if !colour.is_rgb {
                let range = if colour.is_full_range { "full" } else { "limited" };
                let _ = write!(filters, ":in_color_matrix={from}:in_range={range}");
            }
            let to = if matrix == "bt709" { "bt709" } else { "smpte170m" };
            let _ = write!(filters, ":out_color_matrix={to}:out_range=limited,format=yuv420p");
        }
    }
    let _ = write!(
        filters,
        ",setsar=1,setparams=range=limited:colorspace={matrix}:color_primaries={primaries}:color_trc={transfer}"
    );
    filters
}

/// Returns the filters from BT.2020 to BT.709, behind the scaling, because they work on large numbers a pixel.
fn wide_filters(colour: &Colour) -> String {
    let range = if colour.is_full_range { "full" } else { "limited" };
    let source = format!(",zscale=matrixin=2020_ncl:primariesin=2020:rangein={range}");
    let target = "matrix=709:range=limited,format=yuv420p";
    let transfer = match colour.hdr {
        None => return format!("{source}:transferin=709:primaries=709:transfer=709:{target}"),
        Some(Hdr::Pq) => "smpte2084",
        Some(Hdr::Hlg) => "arib-std-b67",
    };
    format!(
        "{source}:transferin={transfer}:transfer=linear:npl={WHITE_NITS},format=gbrpf32le,zscale=primaries=709,\
         tonemap=tonemap=mobius:desat=0,zscale=transfer=709:{target}"
    )
}

/// Returns the filters that show a frame again where none comes for some seconds, from 0 to the end.
///
/// The picture is split. One branch keeps every frame; the other has one frame every second or two, the last that
/// came, and some just before the end. Put together again by their times, they show each frame at its own time, and
/// stand in between.
fn repeat_filters(plan: &PicturePlan, length_s: f64) -> String {
    // Why once a second for moving pictures: until the next tick is known, all frames since the last one wait in
    // memory.
    let seconds = if plan.video.frame_rate.is_some_and(|rate| rate >= 15.0) {
        1
    } else {
        2
    };
    let (every, closing_s) = (seconds * TICKS, (length_s - CLOSING_S).max(0.0));
    format!(
        ",select='isnan(prev_selected_t)+gt(t-prev_selected_t,{SHORTEST_STEP_S})',split[every][some];\
         [some]fps={TICKS}:start_time=0:round=up,tpad=stop_mode=clone:stop_duration={length_s:.6},\
         settb=1/90000,trim=end={length_s:.6},select='not(mod(n,{every}))+gte(t,{closing_s:.6})'[ticks];\
         [every]settb=1/90000,trim=end={length_s:.6}[frames];[frames][ticks]interleave"
    )
}
