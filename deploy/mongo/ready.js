// Health check of MongoDB in docker-compose.yml: succeeds when it takes writes and Pasokh's own user is there.
// At the first start it makes the replica set of one, and that user, who has rights on Pasokh's database alone.
// Passwords come by the environment: a command line can be read by everybody on the machine.
const { MONGO_INITDB_ROOT_USERNAME, MONGO_INITDB_ROOT_PASSWORD, PASOKH_MONGO_USER, PASOKH_MONGO_PASSWORD } = process.env;

db.getSiblingDB("admin").auth(MONGO_INITDB_ROOT_USERNAME, MONGO_INITDB_ROOT_PASSWORD);
try {
  rs.status();
} catch (error) {
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] });
}
if (!db.hello().isWritablePrimary) {
  quit(1);
}
const own = db.getSiblingDB("pasokh");
const user = { pwd: PASOKH_MONGO_PASSWORD, roles: [{ role: "readWrite", db: "pasokh" }] };
if (own.getUser(PASOKH_MONGO_USER) === null) {
  own.createUser({ user: PASOKH_MONGO_USER, ...user });
}
quit(0);
