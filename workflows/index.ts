// What the bundler takes: every temporal workflow.

export { repository } from './repository.ts';
export { pipeline } from './pipeline.ts';
export { slice } from './slice.ts';
export { sweep } from './sweep.ts';
