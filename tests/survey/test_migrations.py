import ast
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

import migrations
from survey import schema
from survey.models import Base, Study

VERSIONS = sorted((Path(migrations.__file__).parent / "versions").glob("m*.py"))


def test_the_newest_migration_is_what_the_models_say(empty_database):
    schema.upgrade(empty_database.engine)
    assert schema.is_current(empty_database.engine)
    assert schema.differences(empty_database.engine) == []


def test_a_database_without_migrations_is_not_current(empty_database):
    assert not schema.is_current(empty_database.engine)


def test_migrating_again_changes_nothing_and_loses_nothing(empty_database):
    schema.upgrade(empty_database.engine)
    with empty_database.writing() as session:
        session.add(Study(key="puls", title="Bopulsen", sender="Fonden"))
    schema.upgrade(empty_database.engine)
    with empty_database.reading() as session:
        assert session.scalars(select(Study.title)).one() == "Bopulsen"


def test_all_migrations_can_be_undone_with_rows_in_the_tables(empty_database):
    schema.upgrade(empty_database.engine)
    with empty_database.writing() as session:
        session.add(Study(key="puls", title="Bopulsen", sender="Fonden"))
    schema.downgrade(empty_database.engine, "base")
    assert not set(inspect(empty_database.engine).get_table_names()) & set(Base.metadata.tables)
    schema.upgrade(empty_database.engine)
    assert schema.is_current(empty_database.engine)


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_database):
    with empty_database.writing() as session:
        session.execute(text("CREATE TABLE study (in_the_way INTEGER)"))
    with pytest.raises(Exception, match="study"):
        schema.upgrade(empty_database.engine)
    assert inspect(empty_database.engine).get_table_names() == ["study"]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_imports_no_model(path):
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
    }
    assert not {name for name in imported if name and name.startswith(("survey", "instruments"))}
