-- GitLab's clients write paths in whatever case.
CREATE INDEX projects_by_path ON projects (path COLLATE NOCASE);
CREATE INDEX namespaces_by_path ON namespaces (path COLLATE NOCASE);
