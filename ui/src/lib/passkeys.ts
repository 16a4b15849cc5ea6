// The browser's half of a passkey. Browsers offer it to secure pages with a name alone: https, or
// localhost; never to an address of numbers.
import { Problem } from "./api/problem";

type Options = Record<string, unknown>;

const NUMBERS = /^[\d.]+$|^\[/;

export function canUsePasskeys(): boolean {
  if (!isSecureContext || NUMBERS.test(location.hostname)) return false;
  return typeof PublicKeyCredential?.parseCreationOptionsFromJSON === "function";
}

/** Let the authenticator make a passkey; what it says goes to the server as it is. */
export async function makePasskey(options: Options): Promise<Options> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as never);
  return await told(navigator.credentials.create({ publicKey }));
}

/** Let the authenticator sign the challenge of a log-in. */
export async function usePasskey(options: Options): Promise<Options> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as never);
  return await told(navigator.credentials.get({ publicKey }));
}

async function told(asked: Promise<Credential | null>): Promise<Options> {
  try {
    const credential = (await asked) as PublicKeyCredential | null;
    if (credential) return credential.toJSON() as unknown as Options;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw refused(error.message);
  }
  throw refused("");
}

function refused(message: string): Problem {
  return new Problem(400, "passkey-refused", "No passkey", message, [], "");
}
