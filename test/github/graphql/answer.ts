// How are GraphQL queries answered?

import { readFileSync } from 'node:fs';
import { buildASTSchema, type DocumentNode, execute, getOperationAST, type GraphQLFieldResolver, type GraphQLFormattedError, type GraphQLSchema, GraphQLError, parse, validate } from 'graphql';
import type { Weight } from '../limits.ts';
import type { World } from '../world.ts';
import type { Caller } from '../tokens.ts';
import { mutationRoot } from './mutations.ts';
import { contextOf, queryRoot, type Rate } from './root.ts';

export type GraphQlRequest = { query?: unknown; variables?: unknown; operationName?: unknown };

/** What a request counts for. One that cannot be read is as a query. */
export function weigh(request: GraphQlRequest): Weight {
  let document: DocumentNode;
  try {
    document = parse(String(request.query));
  } catch {
    return { changes: false, creates: 0 };
  }
  const operation = getOperationAST(document, typeof request.operationName === 'string' ? request.operationName : null);
  if (operation?.operation !== 'mutation') return { changes: false, creates: 0 };
  return { changes: true, creates: operation.selectionSet.selections.filter((one) => one.kind === 'Field' && one.name.value.startsWith('create')).length };
}

export type GraphQl = { answer(world: World, caller: Caller, rate: Rate, request: GraphQlRequest): Promise<{ data?: unknown; errors?: unknown[] }> };

/**
 * Executed on GitHub's published schema, which is read at the first query (0.1 s). A field that is asked for and that we cannot
 * answer fails the query and is a fault: it is never silently null.
 */
export function graphQl(): GraphQl {
  let schema: GraphQLSchema | undefined;
  return {
    async answer(world, caller, rate, request) {
      schema ??= buildASTSchema(parse(readFileSync(new URL('schema.graphql', import.meta.resolve('@octokit/graphql-schema')), 'utf8'), { noLocation: true }), { assumeValid: true });
      if (typeof request.query !== 'string') return refuse(world, [new GraphQLError('A query attribute must be specified and must be a string.')]);
      let document;
      try {
        document = parse(request.query);
      } catch (error) {
        return refuse(world, [error as GraphQLError]);
      }
      const invalid = validate(schema, document);
      if (invalid.length > 0) return refuse(world, invalid);
      const operationName = typeof request.operationName === 'string' ? request.operationName : null;
      const context = contextOf(world, caller);
      const result = await execute({
        schema,
        document,
        rootValue: getOperationAST(document, operationName)?.operation === 'mutation' ? mutationRoot(context) : queryRoot(context, rate),
        variableValues: request.variables as Record<string, unknown> | null | undefined ?? {},
        operationName,
        fieldResolver: resolveField(world),
        typeResolver: (value) => (value as { __typename: string }).__typename,
      });
      for (const error of result.errors ?? []) {
        // An error of ours that has no type of GitHub's is not something that GitHub would have said.
        if (error.extensions['type'] === undefined) world.fault(`GraphQL: ${error.message} (at ${error.path?.join('.') ?? 'the query'})`);
      }
      return { data: result.data, ...(result.errors === undefined ? {} : { errors: result.errors.map(format) }) };
    },
  };
}

const resolveField = (world: World): GraphQLFieldResolver<unknown, unknown> => (source, args, context, info) => {
  const value = (source as Record<string, unknown> | null | undefined)?.[info.fieldName];
  if (value === undefined) throw new Error(`the local GitHub cannot answer ${info.parentType.name}.${info.fieldName}`);
  return typeof value === 'function' ? (value as (args: unknown, world: World) => unknown)(args, world) : value;
};

function refuse(world: World, errors: readonly GraphQLError[]): { errors: unknown[] } {
  for (const error of errors) world.fault(`GraphQL: ${error.message}`);
  return { errors: errors.map(format) };
}

/** GitHub puts the type beside the message. */
function format(error: GraphQLError): GraphQLFormattedError & { type?: unknown } {
  const { extensions, ...rest } = error.toJSON();
  const type = extensions?.['type'];
  return { ...(type === undefined ? {} : { type }), ...rest, ...(type === 'FORBIDDEN' ? { extensions: { saml_failure: false } } : {}) };
}
