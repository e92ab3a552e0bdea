// With what do we sign in to a registry, when the config says `auth`, `aws_auth` or `gcp_auth`?

import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { RegistryAuth } from '../../../config-schema/plan.ts';
import type { RegistryLogin } from '../../builder/image-store.ts';
import { SandboxError } from '../../builder/sandbox.ts';
import { parseReference } from './oci-reference.ts';

/** `expand` puts in the values of variables; the image says which region of AWS to ask. Rejects with SandboxError 'unknown-image' when a person must act, 'start-failed' when AWS does not answer. */
export async function loginFor(auth: RegistryAuth, expand: (text: string) => string, image: string): Promise<RegistryLogin> {
  switch (auth.kind) {
    case 'password':
      return { username: expand(auth.username), password: expand(auth.password) };
    case 'aws': {
      const { accessKeyId, secretAccessKey } = auth;
      if (accessKeyId === null || secretAccessKey === null) throw refused('aws_auth', 'aws_access_key_id and aws_secret_access_key');
      return awsLogin(image, expand(accessKeyId), expand(secretAccessKey));
    }
    case 'gcp':
      throw refused('gcp_auth', '"auth:" with the username _json_key and the JSON of a service account\'s key as its password');
  }
}

const refused = (key: string, remedy: string): SandboxError =>
  new SandboxError('unknown-image', `${key}: the image needs an OIDC token to sign in with, and Roundhouse does not issue those yet. Use ${remedy}.`);

/** ECR gives a password for twelve hours to whoever signs the request with a key. */
async function awsLogin(image: string, accessKeyId: string, secretAccessKey: string): Promise<RegistryLogin> {
  const region = regionOf(image);
  if (region === null) throw new SandboxError('unknown-image', `aws_auth: the image ${JSON.stringify(image)} is not one of ECR's, which begin with ACCOUNT.dkr.ecr.REGION.amazonaws.com/. Correct "image:", or use "auth:".`);
  // AWS_ENDPOINT_URL_ECR leads it elsewhere.
  const client = new ECRClient({ region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 3 });
  try {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    const [username, ...password] = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString().split(':');
    if (!username || password.length === 0) throw new Error('the answer has no token');
    return { username, password: password.join(':') };
  } catch (error) {
    throw awsProblem(error as AwsError, region);
  } finally {
    client.destroy();
  }
}

type AwsError = Error & { $metadata?: { httpStatusCode?: number } };

/** By AWS's name of the fault; its words stay with the operator. */
function awsProblem(error: AwsError, region: string): SandboxError {
  const status = error.$metadata?.httpStatusCode ?? 0;
  const cause = new Error(`${error.name}: ${error.message}`);
  return status >= 400 && status < 500 && error.name !== 'ThrottlingException'
    ? new SandboxError('unknown-image', `aws_auth: ECR in ${region} refuses the access key (${error.name}). Correct aws_access_key_id and aws_secret_access_key, and let the key call ecr:GetAuthorizationToken.`, { cause })
    : new SandboxError('start-failed', `aws_auth: ECR in ${region} does not answer, so that there is no login for the image.`, { cause });
}

/** `123456789012.dkr.ecr.eu-west-1.amazonaws.com`, also with -fips, and in China. */
function regionOf(image: string): string | null {
  const parsed = parseReference(image);
  return 'reference' in parsed ? (/^\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(parsed.reference.host)?.[1] ?? null) : null;
}
