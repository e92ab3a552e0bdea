// What is wrong with the S3 store, in words for the person who must mend it?

export type S3Place = {
  bucket: string;
  /** Before every key: empty, or ends in `/`. */
  prefix: string;
  /** null: Amazon's. */
  endpoint: string | null;
};

/** `doing` begins the sentence: "cannot store a/b". The SDK's error is the cause. */
export function s3Fault(doing: string, { bucket, prefix, endpoint }: S3Place, cause: unknown): Error {
  const where = `s3://${bucket}${prefix && `/${prefix.slice(0, -1)}`} at ${endpoint ?? 'Amazon S3'}`;
  return new Error(`${doing} in ${where}: ${sentenceOf(cause, bucket)}`, { cause });
}

/** No such object. Where the bucket itself is missing, that is a fault. */
export const isAbsent = (error: unknown): boolean => ['NoSuchKey', 'NotFound'].includes(nameOf(error));

export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** How often the request was sent. */
export const triesOf = (error: unknown): number => (error as { $metadata?: { attempts?: number } } | null)?.$metadata?.attempts ?? 1;

function sentenceOf(error: unknown, bucket: string): string {
  const { name, message, code = name, $metadata } = error as Error & { code?: string; $metadata?: { httpStatusCode?: number } };
  const known = sentences(bucket).find(({ names }) => names.includes(name) || names.includes(code));
  if (known) return known.says;
  if (/certificate|CERT_|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/i.test(`${code} ${message}`)) return `its certificate is not trusted (${code}). Name the file of its authority in AWS_CA_BUNDLE.`;
  const { httpStatusCode: status = 0 } = $metadata ?? {};
  if (status === 401 || status === 403) return `it refuses us: ${message} (${name}). Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role that they come from.`;
  if (status >= 500) return `it answered ${status} again and again (${name}). Look at the server, or try later.`;
  return message && message !== name ? `${message} (${name})` : name;
}

const sentences = (bucket: string): { names: string[]; says: string }[] => [
  { names: ['NoSuchBucket'], says: `there is no bucket ${bucket}. Create it, or correct ROUNDHOUSE_STORE.` },
  { names: ['CredentialsProviderError'], says: 'there are no credentials for it. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role.' },
  { names: ['InvalidAccessKeyId', 'XAdminUserNotFound', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'ExpiredTokenException'], says: 'its credentials are refused. Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role that they come from.' },
  { names: ['AccessDenied', 'Forbidden', '403'], says: `access is denied. Allow these credentials s3:GetObject, PutObject, DeleteObject, AbortMultipartUpload on ${bucket}/* and ListBucket, ListBucketMultipartUploads on ${bucket}.` },
  { names: ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', '301'], says: 'the bucket lies in another region. Correct AWS_REGION.' },
  { names: ['ExistingObjectIsDirectory', 'XMinioParentIsObject', 'XMinioObjectExistsAsDirectory'], says: 'this server keeps objects as files, and cannot have one where another has its folder.' },
  { names: ['TimeoutError', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'], says: 'it does not answer. Start it, look at the way to it, or correct AWS_ENDPOINT_URL_S3.' },
];
