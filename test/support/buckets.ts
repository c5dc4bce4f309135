/** Buckets on real servers. */

import { systemClock } from "../../src/platform/index.ts";
import { parseRemoteUrl, type Remote, type RemoteAddress } from "../../src/remote/index.ts";
import { Bucket } from "../../src/remote/s3/bucket.ts";
import { CredentialSource } from "../../src/remote/s3/credentials.ts";
import { openS3Remote, type S3RemoteOptions } from "../../src/remote/s3/open.ts";
import type { S3Server } from "./servers.ts";

/** The address of a bucket on a server. */
export function bucketUrl({ endpoint }: S3Server, bucket: string, prefix = ""): string {
  return `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}?endpoint=${endpoint}&region=us-east-1`;
}

/** Opens a bucket. */
export function openBucket(server: S3Server, bucket: string, options: S3RemoteOptions = {}, prefix = ""): Remote {
  const address = parseRemoteUrl(bucketUrl(server, bucket, prefix), "/") as Extract<RemoteAddress, { kind: "s3" }>;
  return openS3Remote(address, { credentials: server, ...options });
}

/** Makes a bucket. */
export async function makeBucket(server: S3Server, bucket: string): Promise<void> {
  const context = {
    url: server.endpoint,
    environment: {},
    profile: undefined,
    profileName: undefined,
    region: "us-east-1",
    clock: systemClock,
    readFile: () => undefined,
  };
  const made = new Bucket({
    ...context,
    bucket,
    endpoint: new URL(server.endpoint),
    style: "path",
    credentials: new CredentialSource(context, server),
    connectionsMax: 1,
  });
  const { status } = await made.send({ method: "PUT" });
  made.close();
  if (status !== 200) throw new Error(`no bucket ${bucket}: status ${status}`);
}
