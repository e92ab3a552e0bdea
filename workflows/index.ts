// What the bundler takes: every temporal workflow.

export { organization } from './organization.ts';
export { repository } from './repository.ts';
export { pipeline } from './pipeline.ts';
export { scheduled } from './scheduled.ts';
export { slice } from './slice.ts';
export { sweep } from './sweep.ts';
