// Which videos change no more by themselves.

const FINAL = ['ready', 'errored', 'cancelled', 'expired', 'deleted'];

/** Whether nothing more is to be expected of this video, unless somebody changes it. */
export const isFinal = (video) => FINAL.includes(video.status) && !video.replacement;
