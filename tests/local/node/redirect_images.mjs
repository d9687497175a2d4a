// What a Node program fetches from Mux's image host goes to the stand-in, and nothing goes to any other machine. Loaded
// with `node --import`: next-video has the address of that host in its code.
import { Agent, setGlobalDispatcher } from "undici";

const base = new URL(process.env.MUX_BASE_URL);
const redirect = (dispatch) => (options, handler) => {
  const origin = String(options.origin);
  if (origin === "https://image.mux.com") {
    return dispatch({ ...options, origin: base.origin, path: `${base.pathname}${options.path}` }, handler);
  }
  if (origin !== base.origin) throw new Error(`asked ${origin}`);
  return dispatch(options, handler);
};
setGlobalDispatcher(new Agent().compose(redirect));
