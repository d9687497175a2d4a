// The client of the service, as any page of any application loads it.

import { SERVICE } from './api.js';

/** The client did not load: the service does not give it out, or the line broke. */
export class ClientMissing extends Error {
  constructor(cause) {
    super('The upload client of this service did not load. Check your connection; the service gives it out where http.client is true.', { cause });
    this.name = 'ClientMissing';
  }
}

/** Resolves with the module of the client's uploads. */
export async function loadUploadClient() {
  try {
    return await import(new URL('client/v1/upload.js', SERVICE).href);
  } catch (error) {
    throw new ClientMissing(error);
  }
}
