// Which addresses has the API? Those of CircleCI's API v2 where one of them fits; those with a pipeline's number are ours.

import { meAnswer } from './answers.ts';
import { idRoutes } from './id-routes.ts';
import { jobRoutes } from './job-routes.ts';
import { listRoutes } from './list-routes.ts';
import { pipelineRoutes } from './pipeline-routes.ts';
import type { RoutePorts } from './ports.ts';
import { get, type Route } from './route.ts';

export const routes = (ports: RoutePorts): Route[] => [
  get('/me', { summary: 'Whose token this is', answer: meAnswer, run: async ({ person }) => ({ id: String(person.id), login: person.login, name: person.login }) }),
  ...listRoutes(ports),
  ...pipelineRoutes(ports),
  ...jobRoutes(ports),
  ...idRoutes(ports),
];
