// Fastify, with schemas for what comes in and what goes out.
'use strict'

const fastify = require('fastify')

const newUser = {
  type: 'object',
  required: ['name', 'email', 'age'],
  properties: {
    name: { type: 'string', minLength: 1 },
    email: { type: 'string' },
    age: { type: 'integer', minimum: 0 }
  }
}
const user = { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } } }
const id = { type: 'object', properties: { id: { type: 'integer' } } }

const app = fastify()
app.decorateRequest('seen', '')

app.addHook('onRequest', async (request) => {
  request.seen = request.method
})

app.addHook('onSend', async (request, reply) => {
  reply.header('x-seen', request.seen)
})

app.get('/health', async () => 'ok')

app.get('/users/:id', { schema: { params: id, response: { 200: user } } }, async (request) => {
  const { id } = request.params
  return { id, name: `user ${id}` }
})

app.post('/users', { schema: { body: newUser, response: { 201: newUser } } }, async (request, reply) => {
  reply.code(201)
  return request.body
})

app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
