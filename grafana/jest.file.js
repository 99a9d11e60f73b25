// Stands for files and for icons, which are fetched.
module.exports = { __esModule: true, default: () => null };
